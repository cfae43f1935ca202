import { findProxy, type Model } from '../../model/model.ts';
import type { Server } from '../../model/server.ts';
import { healthCheckOf } from '../checks/definition.ts';

/**
 * Ties a server to the one named by its `track` (manual, section 5.2). Returns null, or why it cannot be.
 * Both must be in the model; the caller ties servers in any order.
 */
export function linkTracking(model: Model, server: Server): string | null {
  const { track } = server.config;
  if (track === null) return null;
  const slash = track.indexOf('/');
  const proxy = slash < 0 ? server.proxy : findProxy(model, track.slice(0, slash), 'backend');
  if (!proxy) return `unable to find required proxy '${track.slice(0, slash)}' for tracking.`;
  const name = track.slice(slash + 1);
  const tracked = proxy.serversByName.get(name);
  if (!tracked) return `unable to find required server '${name}' for tracking.`;
  if (tracked.dynamic) return `unable to use ${tracked.path} for tracking as it is a dynamic server.`;
  if (!tracked.checkConfig && !tracked.agentConfig && tracked.config.track === null) {
    return `unable to use ${tracked.path} for tracking as it does not have any check nor agent enabled.`;
  }
  for (let at: Server | null = tracked; at; at = at.tracked) {
    if (at === server)
      return `unable to track ${tracked.path} as it belongs to a tracking chain looping back to ${server.path}.`;
  }
  if (healthCheckOf(server).healthCheck.disableOn404 !== healthCheckOf(tracked).healthCheck.disableOn404) {
    return `unable to use ${tracked.path} for tracking: disable-on-404 option inconsistency.`;
  }
  unlinkTracking(server);
  server.tracked = tracked;
  tracked.trackers.push(server);
  return null;
}

/** Unties a server from the one it tracks. */
export function unlinkTracking(server: Server): void {
  const trackers = server.tracked?.trackers;
  if (trackers) trackers.splice(trackers.indexOf(server), 1);
  server.tracked = null;
}
