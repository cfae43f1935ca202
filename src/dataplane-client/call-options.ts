/** What is the same for all calls. */
export interface CallOptions {
  readonly signal?: AbortSignal;
  /** Longest time until the whole answer is there, ms. */
  readonly timeout?: number;
  /** The entity tag that the object must have: it is changed only if it is still that one. */
  readonly ifMatch?: string;
}
