import { findProxy, findServer, type Model } from '../../model/model.ts';
import type { Change } from '../change.ts';

/**
 * The Change with names in place of numbers (`#4/#1`): policies name objects by their names, and a number must not get past a rule. What
 * nothing has stays as it is.
 */
export function named(change: Change, model: Model): Change {
  if (change.kind === 'counters.clear') {
    const { scope } = change;
    return typeof scope === 'string' ? change : { ...change, scope: { ...scope, ...proxyNames(scope, model) } };
  }
  const names: Record<string, string> = {};
  if ('backend' in change) Object.assign(names, proxyNames(change, model));
  if ('frontend' in change) names['frontend'] = findProxy(model, change.frontend, 'frontend')?.name ?? change.frontend;
  if ('map' in change) names['map'] = model.patterns.find('map', change.map)?.config.name || change.map;
  if ('acl' in change) names['acl'] = model.patterns.find('acl', change.acl)?.config.name || change.acl;
  return { ...change, ...names } as Change;
}

/** Names of a backend and, where there is one, its server. */
function proxyNames(
  of: { readonly backend: string; readonly server?: string | null },
  model: Model,
): { readonly backend: string; readonly server?: string } {
  const proxy = findProxy(model, of.backend, 'backend');
  const backend = proxy?.name ?? of.backend;
  if (of.server === undefined || of.server === null) return { backend };
  return { backend, server: (proxy && findServer(proxy, of.server))?.name ?? of.server };
}
