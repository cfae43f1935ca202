import type { TrafficBackend } from './backend.ts';
import { RoundRobin } from './balance/roundrobin.ts';
import { type Balancer, isCandidate, NO_KEY } from './balance/types.ts';
import type { TrafficServer } from './server.ts';
import type { Stream } from './stream.ts';

/** Chooses servers for the streams of a backend in this thread: makes the key out of the request, and asks the balancer. */
export class Picker {
  readonly backend: TrafficBackend;
  readonly balancer: Balancer<TrafficServer>;

  constructor(backend: TrafficBackend) {
    this.backend = backend;
    this.balancer = new RoundRobin<TrafficServer>(backend.config.options.includes('allbackups'));
    this.balancer.update(backend.servers);
  }

  /** Takes over changed, added and removed servers. */
  update(): void {
    this.balancer.update(this.backend.servers);
  }

  /** The server for the stream; null when there is none, or none with a free place. */
  pick(stream: Stream): TrafficServer | null {
    return this.balancer.pick(NO_KEY, stream.avoided);
  }

  /** There are servers that take requests, so that one without a place may wait. */
  get saturated(): boolean {
    return this.backend.servers.some(isCandidate);
  }
}
