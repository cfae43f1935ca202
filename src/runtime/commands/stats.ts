import { findProxy } from '../../model/model.ts';
import { proxyRows, type StatScope } from '../../model/stats.ts';
import { type Answer, denied, dump, error } from '../answer.ts';
import { apply } from '../apply.ts';
import { hasLevel } from '../levels.ts';
import { atoi, serverArgument, splitServerPath } from '../lookup.ts';
import type { Call, Command } from '../registry.ts';
import { statsFile } from '../stats/file.ts';
import { csvHeader, csvLine, jsonRow, typedLines } from '../stats/render.ts';
import { resolverRows } from '../stats/resolvers.ts';

type Form = 'csv' | 'typed' | 'json';

function showStat(call: Call): Answer {
  let words = call.args;
  const domain = words[0] === 'domain' ? words[1] : 'proxy';
  if (words[0] === 'domain') words = words.slice(2);
  if (domain !== 'proxy' && domain !== 'resolvers') return error('Invalid statistics domain.');
  let selected = { iid: -1, types: -1, sid: -1 };
  if (domain === 'proxy' && words[2]) {
    const iid = findProxy(call.control.model, words[0]!, 'any')?.id ?? atoi(words[0]!);
    if (iid === 0) return error('No such proxy.');
    selected = { iid, types: atoi(words[1]!), sid: atoi(words[2]) };
    words = words.slice(3);
  }
  const form = (words.findLast((word) => word === 'typed' || word === 'json') ?? 'csv') as Form;
  const desc = words.includes('desc');
  if (domain === 'resolvers') return dump(resolverRows(call.control.resolvers, form, desc));
  const scope = {
    ...selected,
    hideDown: words.includes('up'),
    hideMaint: words.includes('no-maint'),
    legends: hasLevel(call.session.socketLevel, 'operator'),
  };
  return dump(rows(call, scope, form, desc));
}

function* rows({ control }: Call, scope: StatScope, form: Form, desc: boolean): Generator<string> {
  if (form === 'csv') yield csvHeader();
  if (form === 'json') yield '[';
  let first = true;
  for (const row of proxyRows(control.model, Date.now(), scope)) {
    if (form === 'csv') yield csvLine(row);
    else if (form === 'typed') yield typedLines(row, desc);
    else yield (first ? '' : ',') + jsonRow(row);
    first = false;
  }
  if (form === 'json') yield ']\n';
}

function clearCounters(call: Call): Answer | Promise<Answer> {
  const { args, control, session } = call;
  const [what] = args;
  const path = splitServerPath(what);
  const backend = what ? findProxy(control.model, path?.backend ?? what, 'backend') : null;
  if (what !== 'server' && what !== 'all' && !backend) return apply(call, { kind: 'counters.clear', scope: 'maxima' });
  if (!hasLevel(session.level, 'admin')) return denied;
  if (what === 'all') return apply(call, { kind: 'counters.clear', scope: 'all' });
  if (backend && !path) return apply(call, { kind: 'counters.clear', scope: { backend: backend.name, server: null } });
  const server = serverArgument(call, what === 'server' ? args[1] : what);
  if (!server.ok) return server.answer;
  return apply(call, {
    kind: 'counters.clear',
    scope: { backend: server.value.proxy.name, server: server.value.name },
  });
}

/** Statistics. */
export const statsCommands: readonly Command[] = [
  {
    words: 'show stat',
    args: '[desc|json|no-maint|typed|up]*',
    help: 'report counters for each proxy and server',
    level: 'user',
    where: 'worker',
    about:
      '`show stat [domain proxy|resolvers] [{<iid>|<proxy>} <type> <sid>] ...`; type is a sum of 1 frontends, 2 backends, 4 servers, 8 listeners, or -1. Addresses, cookies and algorithms are told on sockets of level operator and admin.',
    run: showStat,
  },
  {
    words: 'clear counters',
    args: '[all|server <bk>/<srv>]',
    help: 'clear max statistics counters (or all counters)',
    level: 'operator',
    where: 'worker',
    changes: true,
    about:
      'Without argument: the maxima. `all` and single objects need level admin. `clear counters <backend>[/<server>]` is an addition of this program.',
    run: clearCounters,
  },
  {
    words: 'dump stats-file',
    args: '',
    help: 'dump stats for a stats-file',
    level: 'user',
    where: 'worker',
    about: 'The counters of proxies and servers that have a `guid`.',
    run: ({ control }) => dump(statsFile(control.model, Date.now())),
  },
];
