/** `mailers` sections (manual, section 12.6), and `email-alert` lines of proxies. */

import { parseAddress } from '../address.ts';
import type { Draft, ProxyDraft } from '../draft.ts';
import type { Line } from '../line.ts';
import type { MailersConfig } from '../types.ts';
import { timeText } from './arguments.ts';
import { KeywordTable, works } from './table.ts';

type Mailers = Draft<MailersConfig>;

const LEVELS = ['emerg', 'alert', 'crit', 'err', 'warning', 'notice', 'info', 'debug'];

function parseMailer(line: Line, section: Mailers): void {
  const [, name, text] = line.words;
  if (name === undefined || text === undefined)
    return line.alert("'mailer' expects <name> and <addr>[:<port>] as arguments.");
  if (!line.atMost(2)) return;
  const parsed = parseAddress(text, { port: 'required' });
  if ('error' in parsed) return line.alert(`'mailer ${name}' : ${parsed.error}`);
  section.mailers.push({ name, address: parsed.address, at: line.at });
}

function parseTimeout(line: Line, section: Mailers): void {
  const [, what, text] = line.words;
  if (what !== 'mail' || text === undefined) return line.alert("'timeout' expects 'mail' and a time as arguments.");
  const time = timeText(line, text, "'timeout mail'");
  if (time === null || !line.atMost(2)) return;
  if (time <= 0) return line.alert("'timeout mail' expects a positive <time> argument.");
  section.timeout = time;
}

export const MAILERS_KEYWORDS = new KeywordTable<Mailers>([
  works<Mailers>('mailer', '<name> <address>:<port>', parseMailer),
  works<Mailers>('timeout', 'mail <time>', parseTimeout),
]);

export function newMailers(name: string, at: Line['at']): Mailers {
  return { name, at, mailers: [], timeout: 10_000 };
}

/** `email-alert {from|level|mailers|myhostname|to} <value>` */
export function parseEmailAlert(line: Line, proxy: ProxyDraft): void {
  const [, what = '', value = ''] = line.words;
  const alerts = proxy.config.emailAlert as Draft<typeof proxy.config.emailAlert>;
  if (value === '' || /[\r\n<>]/.test(value)) return line.alert(`'email-alert ${what}' expects a value as argument.`);
  switch (what) {
    case 'from':
    case 'to':
    case 'mailers':
    case 'myhostname':
      alerts[what] = value;
      break;
    case 'level': {
      const level = LEVELS.indexOf(value);
      if (level < 0) return line.alert(`unknown log level '${value}' after 'email-alert level'`);
      alerts.level = level;
      break;
    }
    default:
      return line.alert(
        `email-alert: unknown argument '${what}'; expects 'mailers', 'from', 'level', 'myhostname', or 'to'.`,
      );
  }
  if (line.atMost(2)) proxy.emailAlert = true;
}
