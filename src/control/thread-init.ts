import { tlsState } from '../model/certificates/make-views.ts';
import type { Model } from '../model/model.ts';
import { proxyView } from './build.ts';
import type { ThreadStart } from './threads.ts';

/** How a traffic thread starts: as the model is now. */
export function threadInit(
  model: Model,
  thread: number,
  { chroot, holding, uring }: Pick<ThreadStart, 'chroot' | 'holding' | 'uring'>,
): ThreadStart {
  return {
    thread,
    threads: model.threads,
    rows: model.counters.rows,
    chunks: model.counters.chunks,
    processSlot: model.processSlot,
    patterns: model.patterns.view(),
    tables: model.tables.viewFor(thread),
    tls: tlsState(model.certificates),
    tlsSessions: model.tlsSessions,
    global: model.config.global,
    httpErrors: model.config.httpErrors,
    logProfiles: model.config.logProfiles,
    userlists: model.config.userlists,
    caches: model.caches,
    databases: model.databases,
    files: model.config.files ?? {},
    proxies: model.proxies.map(proxyView),
    limits: model.limits,
    startedAt: model.startedAt,
    chroot,
    holding,
    uring,
  };
}
