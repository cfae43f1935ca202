import type { CommandGroup } from '../registry.ts';
import { cliCommands } from './cli.ts';
import { infoCommands } from './info.ts';
import { proxyCommands } from './proxies.ts';
import { serverCommands } from './servers.ts';
import { statsCommands } from './stats.ts';

/** All commands, in the order of the reference page. */
export const COMMANDS: readonly CommandGroup[] = [
  { category: 'CLI session', commands: cliCommands },
  { category: 'Information', commands: infoCommands },
  { category: 'Statistics', commands: statsCommands },
  { category: 'Servers', commands: serverCommands },
  { category: 'Frontends, backends, limits', commands: proxyCommands },
];
