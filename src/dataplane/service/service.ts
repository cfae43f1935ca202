/** The service at work: what operations are done on. */

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseDocument } from '../../config/document.ts';
import { Accounts, type User } from '../accounts/accounts.ts';
import { type Hashing, startHashing } from '../accounts/hashing.ts';
import { usersOf } from '../accounts/userlist.ts';
import type { Balancer } from '../balancer/balancer.ts';
import { Discovery, type DiscoveryOptions } from '../discovery/discovery.ts';
import type { Documents } from '../edit/sections.ts';
import { SpoeFiles } from '../spoe/spoe-files.ts';
import { Commits } from '../store/commits.ts';
import { ConfigurationFiles } from '../store/files.ts';
import { Reloads } from '../store/reloads.ts';
import { Transactions } from '../store/transactions.ts';
import { Unloaded } from '../store/unloaded.ts';
import { versionOf } from '../store/version.ts';
import type { Settings } from './settings.ts';

export interface Service {
  readonly settings: Settings;
  readonly balancer: Balancer;
  readonly commits: Commits;
  readonly transactions: Transactions;
  readonly accounts: Accounts;
  readonly discovery: Discovery;
  readonly spoe: SpoeFiles;
  /** What could not be read of what is kept: texts for the operator. */
  readonly problems: readonly string[];
  /** Finishes what is being done. */
  close(): Promise<void>;
}

/** Puts a service together on a load balancer; nothing listens yet. Throws ApiError when its files cannot be read. */
export async function makeService(
  settings: Settings,
  balancer: Balancer,
  pace?: DiscoveryOptions['pace'],
): Promise<Service> {
  const files = new ConfigurationFiles(settings.haproxy.files, settings.backups);
  await files.read();
  const unloaded = balancer.outlives ? new Unloaded(settings.transactions.folder, files.paths[0]!) : null;
  const reloads = new Reloads(balancer, { ...settings.reloads, loaded: (more) => unloaded?.loaded(more) });
  const commits = new Commits(files, balancer, reloads, unloaded);
  const transactions = new Transactions(commits, balancer, { ...settings.transactions, folders: settings.storage });
  await transactions.resume();
  const spoe = new SpoeFiles({
    commits,
    balancer,
    folders: settings.storage,
    folder: settings.transactions.folder,
    configuration: settings.haproxy.files[0]!,
    transactions: { folder: settings.transactions.spoe, maxOpen: settings.transactions.maxOpen },
  });
  await spoe.resume();
  // What was written when the service ended, and not put in force, is made good before anything else.
  const writer = unloaded?.found(versionOf(await files.read())) ?? null;
  if (writer !== null) void reloads.now({ ...writer, title: `${writer.title}, interrupted` });
  const hashing: Hashing = startHashing();
  const accounts = new Accounts(() => usersFor(settings, files), hashing);
  const folder = join(settings.storage.own, 'service_discovery');
  const discovery = new Discovery({ folder, commits, ...(pace === undefined ? {} : { pace }) });
  const problems = [...(await discovery.resume())];
  if ((await usersFor(settings, files)).length === 0 && !settings.tls?.ca) problems.push(nobody(settings));
  return {
    settings,
    balancer,
    commits,
    transactions,
    accounts,
    discovery,
    spoe,
    problems,
    async close() {
      await discovery.close();
      await transactions.close();
      await commits.close();
      await commits.reloads.close();
      await hashing.close();
      await balancer.close();
    },
  };
}

/** Users may still be added to the files. */
function nobody({ userlist, haproxy: { files } }: Settings): string {
  const places = [...(userlist.file === null ? [] : [userlist.file]), ...files].join(', ');
  return `nobody can log in: there is no dataplaneapi.user, and no userlist '${userlist.name}' with users in ${places}`;
}

const known = new WeakMap<Documents, readonly User[]>();

/** The users of the configuration, found once for each state of it. */
function usersWithin(documents: Documents, userlist: string): readonly User[] {
  let users = known.get(documents);
  if (users === undefined) known.set(documents, (users = usersOf(documents, userlist)));
  return users;
}

/** The first of: users of the service's file, of the file with a userlist, of the userlist in the configuration. */
async function usersFor({ users, userlist }: Settings, files: ConfigurationFiles): Promise<readonly User[]> {
  if (users.length > 0) return users;
  if (userlist.file !== null) {
    const text = await readFile(userlist.file, 'utf8').catch(() => '');
    const found = usersOf([parseDocument(userlist.file, text)], userlist.name);
    if (found.length > 0) return found;
  }
  return usersWithin(await files.read(), userlist.name);
}
