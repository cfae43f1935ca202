/** `-dK`: what the program knows, a list a class, in HAProxy's format. */
import { listFilters } from '../config/keywords/filter.ts';
import { listKeywords } from '../config/list.ts';
import { listAcls, listConverters, listFetches } from '../expr/listings.ts';
import { registry } from '../runtime/server.ts';
import { actionNames } from '../traffic/rules/table.ts';
import type { RuleKind } from '../traffic/rules/types.ts';

interface Class {
  readonly about: string;
  list(): string;
}

const ruleKinds: readonly RuleKind[] = [
  'http-request',
  'http-response',
  'http-after-response',
  'tcp-request connection',
  'tcp-request session',
  'tcp-request content',
  'tcp-response content',
];

const classes: Readonly<Record<string, Class>> = {
  acl: { about: 'ACL keywords', list: listAcls },
  cfg: {
    about: 'configuration keywords',
    list: () => listKeywords(Object.fromEntries(ruleKinds.map((kind) => [kind, actionNames(kind)]))),
  },
  cli: { about: 'CLI keywords', list: () => registry.listCommands() },
  cnv: { about: 'sample converter keywords', list: listConverters },
  flt: { about: 'filter names', list: listFilters },
  smp: { about: 'sample fetch functions', list: listFetches },
  svc: { about: 'service names', list: () => '# List of registered service names:\nprometheus-exporter\n' },
};

/** The lists of the classes that were asked for; `all` is all of them, `help` the list of classes. Unknown ones are told. */
export function listingText(asked: readonly string[]): string {
  return asked
    .flatMap((name) => (name === 'all' ? Object.keys(classes) : [name]))
    .map((name) => {
      if (name === 'help') return helpText();
      const known = Object.hasOwn(classes, name) ? classes[name] : undefined;
      return known?.list() ?? `# Unknown keyword class '${name}'; -dKhelp lists them.\n`;
    })
    .join('');
}

function helpText(): string {
  const lines = Object.entries(classes).map(([name, { about }]) => `${name}: ${about}`);
  return ['# List of supported keyword classes:', 'all: list all keywords', ...lines, ''].join('\n');
}
