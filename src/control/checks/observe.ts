import type { Server } from '../../model/server.ts';
import type { StateEffects } from '../servers/effects.ts';
import { recordResult, settleServer } from './result.ts';

/** How traffic that failed is called in the description of the result. */
const FAILURES = { 4: 'L4 unsuccessful connection', 7: 'Wrong http response' } as const;

/**
 * Live traffic as a health check (`observe`, `error-limit`, `on-error`; manual, section 5.2). Returns true when the next real
 * check should come soon.
 */
export function observe(fx: StateEffects, server: Server, layer: 4 | 7, failed: boolean, count: number): boolean {
  const { observe: watched } = server.config;
  if (watched === 'none' || !server.check || (layer === 7 && watched === 'layer4')) return false;
  if (!failed) {
    if ((layer === 4) === (watched === 'layer4')) server.consecutiveErrors = 0;
    return false;
  }
  let acted = false;
  for (let i = 0; i < count; i++) {
    if (++server.consecutiveErrors < server.config.errorLimit) continue;
    actOnErrors(fx, server, layer);
    acted = true;
  }
  return acted;
}

function actOnErrors(fx: StateEffects, server: Server, layer: 4 | 7): void {
  const check = server.check!;
  const { onError } = server.config;
  if (onError === 'sudden-death' && check.health > check.rise) check.health = check.rise + 1;
  if (onError === 'mark-down') check.health = check.rise;
  if (onError !== 'fastinter') {
    const description = `Detected ${server.consecutiveErrors} consecutive errors, last one was: ${FAILURES[layer]}`;
    recordResult(fx, server, check, { status: 'HANA', description, code: null }, -1);
    settleServer(fx, server, check);
  }
  server.consecutiveErrors = 0;
  server.failedHana++;
}
