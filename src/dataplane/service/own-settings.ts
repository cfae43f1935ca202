import { createHash } from 'node:crypto';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { parseSettings, type Settings, SettingsError } from './settings.ts';

/** Settings of the service inside Sluice: where it listens is told, all else is as the original has it when nothing is said. */
export function ownSettings(listen: string, files: readonly string[]): Settings {
  const { settings } = parseSettings('haproxy: {}', 'sluice');
  const folder = dirname(files[0]!);
  const transactions = transactionFolder(files[0]!);
  return {
    ...settings,
    listen: listenAddress(listen),
    transactions: { ...settings.transactions, folder: transactions, spoe: join(transactions, 'spoe') },
    storage: {
      maps: join(folder, 'maps'),
      certificates: join(folder, 'ssl'),
      general: join(folder, 'general'),
      spoe: join(folder, 'spoe'),
      own: join(folder, 'dataplane'),
      mapsFollow: false,
    },
    haproxy: { ...settings.haproxy, files },
  };
}

/** A folder for the transactions of one configuration: others are served by this user, too. */
function transactionFolder(file: string): string {
  const name = createHash('sha256').update(file).digest('hex').slice(0, 16);
  return join(tmpdir(), `sluice-transactions-${process.getuid!()}-${name}`);
}

function listenAddress(text: string): Settings['listen'] {
  if (text.startsWith('/')) return { path: text };
  const found = /^(?:(.*):)?(\d{1,5})$/.exec(text);
  if (found === null || Number(found[2]) > 65_535)
    throw new SettingsError(`'--api' expects HOST:PORT, PORT or the path of a socket, not '${text}'`);
  return { host: found[1]?.replace(/^\[(.*)\]$/, '$1') || '127.0.0.1', port: Number(found[2]) };
}
