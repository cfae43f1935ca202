import { connect, type NetConnectOpts } from 'node:net';

/** A mail in plain text. */
export interface Mail {
  readonly from: string;
  readonly to: string;
  readonly subject: string;
  readonly date: Date;
}

/** Longest answer of a mail server that is read, bytes. */
const LONGEST_ANSWER = 16_384;

/** Sends a mail over SMTP (RFC 5321), in the clear as HAProxy does. Resolves to null, or to why it could not be sent. */
export function sendMail(to: NetConnectOpts, hostname: string, mail: Mail, timeoutMs: number): Promise<string | null> {
  return new Promise((resolve) => {
    const socket = connect(to);
    const steps = conversation(hostname, mail);
    let received = '';
    const end = (reason: string | null): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve(reason);
    };
    const timer = setTimeout(() => end(`no answer within ${timeoutMs} ms`), timeoutMs);
    let next = steps.next();
    socket.setEncoding('latin1');
    socket.on('error', (error: NodeJS.ErrnoException) => end(error.code ?? error.message));
    socket.on('close', () => end('the connection ended early'));
    socket.on('data', (text: string) => {
      received += text;
      if (received.length > LONGEST_ANSWER) return end('its answer is too long');
      for (;;) {
        const answer = /^(?:\d{3}-[^\n]*\n)*(\d{3})(?: [^\n]*)?\n/.exec(received);
        if (answer === null) return undefined;
        received = received.slice(answer[0].length);
        const { expected, send } = next.value as Step;
        if (!answer[1]!.startsWith(expected)) return end(`it said ${answer[0].trim().slice(0, 200)}`);
        if (send !== null) socket.write(send);
        next = steps.next();
        if (next.done === true) return end(null);
      }
    });
  });
}

/** What is expected to come, and sent then. */
interface Step {
  readonly expected: string;
  readonly send: string | null;
}

function* conversation(hostname: string, mail: Mail): Generator<Step> {
  yield { expected: '220', send: `EHLO ${clean(hostname)}\r\n` };
  yield { expected: '2', send: `MAIL FROM:<${clean(mail.from)}>\r\n` };
  yield { expected: '2', send: `RCPT TO:<${clean(mail.to)}>\r\n` };
  yield { expected: '2', send: 'DATA\r\n' };
  yield { expected: '3', send: message(mail) };
  yield { expected: '2', send: 'QUIT\r\n' };
}

function message({ from, to, subject, date }: Mail): string {
  const lines = [
    `From: ${clean(from)}`,
    `To: ${clean(to)}`,
    `Date: ${date.toUTCString().replace('GMT', '+0000')}`,
    `Subject: [HAProxy Alert] ${clean(subject)}`,
    '',
    clean(subject).replace(/^\./, '..'),
    '.',
    '',
  ];
  return lines.join('\r\n');
}

/** A text that stays on its line. */
function clean(text: string): string {
  return text.replace(/[\0-\x1f\x7f]+/g, ' ').trim();
}
