import { hostname } from 'node:os';
import { G } from '../../model/counters.ts';
import type { Model } from '../../model/model.ts';
import { CheckState, OperState, type Server } from '../../model/server.ts';
import { backendWeights } from '../../model/server-status.ts';
import { effectiveWeight } from '../servers/weight.ts';

/** Value of `X-Haproxy-Server-State` (manual, section 4.2 "http-check send-state"). */
export function stateHeader(model: Model, server: Server): string {
  const { counters } = model;
  const load = (slot: number, field: number) => Atomics.load(counters.gauges(slot), field);
  const parts = [
    stateText(server),
    `address=${server.family === 'unix' || server.family === 'abns' ? 'unix' : (server.host ?? '')}`,
    `port=${server.port}`,
    `name=${server.path}`,
    `node=${model.config.global.node ?? hostname()}`,
    `weight=${Math.ceil(effectiveWeight(server) / 16)}/${backendWeights(server.proxy).total}`,
    `scur=${load(server.slot, G.current)}/${load(server.proxy.backendSlot, G.current)}`,
    `qcur=${load(server.slot, G.queued)}`,
  ];
  if (server.operState === OperState.starting) parts.push(`throttle=${Math.floor(100 * server.warmup)}%`);
  return parts.join('; ');
}

function stateText(server: Server): string {
  const check = server.check;
  if (!check || !(check.state & CheckState.enabled)) return 'no check';
  if (server.operState === OperState.stopped) return check.health > 0 ? `DOWN ${check.health}/${check.rise}` : 'DOWN';
  const name = server.operState === OperState.stopping ? 'NOLB' : 'UP';
  const full = check.health === check.rise + check.fall - 1;
  return full ? name : `${name} ${check.health - check.rise + 1}/${check.fall}`;
}
