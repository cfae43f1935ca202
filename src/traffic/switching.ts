import type { TrafficBackend } from './backend.ts';
import type { Stream } from './stream.ts';

/** Content switching: the first `use_backend` that matches, else `default_backend`, else the proxy itself (`listen`). */
export function chooseBackend(stream: Stream): void {
  const { frontend, env } = stream;
  const rules = frontend.rules?.switching ?? null;
  if (rules !== null) {
    for (const rule of rules) {
      if (rule.condition !== null && !rule.condition(stream)) continue;
      const backend = env.backendsByName.get(rule.name(stream));
      // A name made by an expression may not exist: then no other rule counts (HAProxy manual, `use_backend`).
      if (backend === undefined) break;
      // An unpublished backend is passed over.
      if (usable(stream, backend)) {
        stream.backend = backend;
        return;
      }
    }
  }
  const { defaultBackend } = frontend.config;
  const chosen = defaultBackend === null ? undefined : env.backendsByName.get(defaultBackend);
  stream.backend = chosen !== undefined && usable(stream, chosen) ? chosen : (env.backends.get(frontend.id) ?? null);
}

/** One that is disabled or unpublished takes only what `force-be-switch` lets through. */
function usable(stream: Stream, backend: TrafficBackend): boolean {
  if (backend.published && !backend.config.disabled) return true;
  return stream.frontend.rules?.forceSwitch?.some((test) => test(stream)) ?? false;
}
