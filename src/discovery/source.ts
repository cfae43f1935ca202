import type { SourceStatus } from './standing.ts';

/** A source of services that is being followed. */
export interface Watch {
  readonly status: SourceStatus;
  /** Asks nothing more, and tells nothing more. */
  stop(): void;
}
