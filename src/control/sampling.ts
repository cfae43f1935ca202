import { C, G } from '../model/counters.ts';
import type { Model } from '../model/model.ts';

/** Figures that are taken once a second. */
export interface Sampling {
  /** Share of the last second in which the control thread had nothing to do. */
  readonly idlePercent: number;
  close(): void;
}

/** Begins to take them. */
export function startSampling(model: Model): Sampling {
  let lastUse = performance.eventLoopUtilization();
  let idlePercent = 100;
  const timer = setInterval(() => {
    const use = performance.eventLoopUtilization(lastUse);
    lastUse = performance.eventLoopUtilization();
    idlePercent = Math.round((1 - use.utilization) * 100);
    if (model.threads > 1) notePeaks(model);
  }, 1000).unref();
  return {
    get idlePercent() {
      return idlePercent;
    },
    close: () => clearInterval(timer),
  };
}

/** Maxima of the rates of the second that is over, over all threads. */
function notePeaks({ counters, proxies, processSlot }: Model): void {
  const second = Math.floor(Date.now() / 1000) - 1;
  counters.notePeak(processSlot, C.connRate, G.connRateMax, second);
  counters.notePeak(processSlot, C.sessRate, G.sessRateMax, second);
  counters.notePeak(processSlot, C.sslRate, G.sslRateMax, second);
  counters.notePeak(processSlot, C.sslKeyRate, G.sslKeyRateMax, second);
  counters.notePeak(processSlot, C.sslBackendKeyRate, G.sslBackendKeyRateMax, second);
  for (const { frontendSlot, backendSlot, servers } of proxies) {
    if (frontendSlot >= 0) {
      counters.notePeak(frontendSlot, C.connRate, G.connRateMax, second);
      counters.notePeak(frontendSlot, C.sessRate, G.sessRateMax, second);
      counters.notePeak(frontendSlot, C.reqRate, G.reqRateMax, second);
    }
    if (backendSlot >= 0) counters.notePeak(backendSlot, C.sessRate, G.sessRateMax, second);
    for (const server of servers) counters.notePeak(server.slot, C.sessRate, G.sessRateMax, second);
  }
}
