import { CAPACITY_GUARDS } from '../guards/guards.ts';
import { textKind } from '../kinds.ts';
import { changing, reading } from '../operation.ts';

/** What works on files is loaded when it is needed: it knows all of the configuration's language. */
const implementation = () => import('../configuration/configuration.ts');

const PAGE = { page: 'keep.md', group: 'configuration' } as const;
const FILES = {
  kind: textKind('FILE', 'a configuration file', 'files'),
  about: 'the new configuration',
  many: true,
} as const;

export const diff = reading({
  ...PAGE,
  name: 'diff',
  summary: 'what is set now and not in the configuration files: the lines that `save` would write',
  parameters: {},
  options: {},
  about: [
    '`-` is what the file says, `+` what it would say. What no file can keep is listed after that, with the reason.',
  ],
  examples: [{ command: 'diff', about: 'what a restart would forget' }],
  show: async (_, situation) => (await implementation()).showKept(situation),
});

export const save = changing({
  ...PAGE,
  name: 'save',
  summary: 'write what is set now into the files',
  parameters: {},
  options: {
    tables: {
      kind: textKind('FILE', 'a file', 'files'),
      about: 'where entries of stick tables without a `state-file` go',
    },
  },
  danger: 'changes',
  guards: [],
  makes: [],
  inverse: 'the files of before are kept beside them; `undo` does not touch files',
  about: [
    'Only the words that differ are edited: comments, order and everything else stay. The files are checked by the program itself afterwards; when they are not valid, the old ones are put back.',
    'What is written is what `overrides` lists, each into the files that it is of: configuration, maps, ACLs, certificates (mode 0600), authorities, crt-lists, OCSP responses, ticket keys; and stick tables. A file that somebody has changed since it was read is left as it is. What no file can keep (draining, what checks are to have found) is told.',
  ],
  examples: [
    { command: 'save --dry-run', about: 'the lines and files that would change; never a key' },
    { command: 'save --tables ./tables.ndjson', about: 'stick tables, too: `table import` reads them' },
    { command: 'save --reason "weights of the new machines"', about: 'so that a restart does not forget' },
  ],
  plan: async ({ tables }, situation) => (await implementation()).planSave(tables, situation),
});

export const planFile = reading({
  ...PAGE,
  name: 'plan',
  summary: 'what it takes to get from the configuration files in use to other ones',
  parameters: { file: FILES },
  options: {},
  about: ['Each difference with its places, and whether it can be made live, needs a reload, or (Sluice) a restart.'],
  examples: [{ command: 'plan ./haproxy.cfg.new', about: 'before `apply`' }],
  show: async ({ file }, situation) => (await implementation()).showPlan(file, situation),
});

export const applyFile = changing({
  ...PAGE,
  name: 'apply',
  summary: 'put other configuration files in force: live where that is possible, else by a reload',
  parameters: { file: FILES },
  options: {},
  danger: 'dangerous',
  guards: CAPACITY_GUARDS,
  makes: [],
  inverse: 'live changes are taken back; the files of before are kept beside the new ones',
  about: [
    'The new files are checked by the program itself, written over the ones in use (the old content is kept beside), and put in force. When that fails the old files are put back.',
    'When every difference can be made live, nothing is reloaded: connections, counters and states stay. As many files as are in use, in their order.',
  ],
  examples: [
    { command: 'apply ./haproxy.cfg.new --dry-run', about: 'differences, steps, guards' },
    { command: 'apply ./haproxy.cfg.new --yes --reason "release 41"', about: 'from a pipeline' },
  ],
  plan: async ({ file }, situation) => (await implementation()).planApply(file, situation),
});

export const reload = changing({
  ...PAGE,
  name: 'reload',
  summary: 'check the configuration files and put them in force',
  parameters: {},
  options: {},
  danger: 'changes',
  guards: [],
  makes: ['config.reload'],
  inverse: 'nothing: write the files of before and reload again',
  about: [
    'Files that are not valid change nothing. On Sluice only the difference is applied; on HAProxy a new process takes over, and what was set at run time is lost unless it was saved: a note lists it.',
  ],
  examples: [{ command: 'reload', about: 'after an edit' }],
  plan: async (_, situation) => (await implementation()).planReload(situation),
});
