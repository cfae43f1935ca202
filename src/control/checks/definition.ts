import type { HealthCheckSection } from '../../config/types.ts';
import type { Server } from '../../model/server.ts';

/** The health check of a server: that of the healthcheck section that it names, else that of its backend. */
export function healthCheckOf(server: Server): HealthCheckSection {
  return server.checkConfig?.definition ?? server.proxy.config;
}
