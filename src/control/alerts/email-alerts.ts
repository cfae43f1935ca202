import type { NetConnectOpts } from 'node:net';
import { hostname as systemHostname } from 'node:os';
import type { Address, Config } from '../../config/types.ts';
import type { Proxy } from '../../model/proxy.ts';
import { sendMail } from './smtp.ts';

/** Mails that wait for one mailer at most: more are dropped, and that is told once. */
const MOST_WAITING = 100;

/** Sends what happens to servers by mail, where `email-alert` lines ask for it. */
export interface EmailAlerts {
  /** Queues a text of a level of syslog; nothing happens where the proxy asks for no such mail. */
  send(proxy: Proxy, level: number, text: string): void;
}

/** `complain` is told what could not be sent. */
export function createEmailAlerts(config: () => Config, complain: (text: string) => void): EmailAlerts {
  const waiting = new Map<string, (() => Promise<void>)[]>();
  const work = async (name: string, queue: (() => Promise<void>)[]): Promise<void> => {
    for (let job = queue[0]; job !== undefined; job = queue[0]) {
      await job();
      queue.shift();
    }
    waiting.delete(name);
  };
  const put = (name: string, job: () => Promise<void>): void => {
    const queue = waiting.get(name);
    if (queue === undefined) {
      const fresh = [job];
      waiting.set(name, fresh);
      void work(name, fresh);
    } else if (queue.length < MOST_WAITING) queue.push(job);
    else if (queue.length === MOST_WAITING) {
      queue.push(async () => complain(`mailer ${name}: more than ${MOST_WAITING} mails were waiting, some are lost`));
    }
  };
  return {
    send(proxy, level, text) {
      const { mailers, from, to, level: least, myhostname } = proxy.config.emailAlert;
      if (mailers === null || from === null || to === null || level > least) return;
      const section = config().mailers.find((one) => one.name === mailers);
      const mail = { from, to, subject: text, date: new Date() };
      for (const { name, address } of section?.mailers ?? []) {
        put(`${mailers}/${name}`, async () => {
          const problem = await sendMail(target(address), myhostname ?? systemHostname(), mail, section!.timeout);
          if (problem !== null) complain(`mailer ${mailers}/${name}: ${problem}`);
        });
      }
    },
  };
}

function target(address: Address): NetConnectOpts {
  if ('path' in address) return { path: address.path };
  return { host: 'host' in address ? address.host : '', port: 'port' in address ? address.port : 0 };
}
