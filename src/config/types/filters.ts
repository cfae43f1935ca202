/** `filter` and `compression` lines. */

import type { Location } from './place.ts';

export type CompressionAlgorithm = 'identity' | 'gzip' | 'deflate' | 'raw-deflate';

/** `compression` lines. */
export interface CompressionConfig {
  /** Those for responses, the preferred one first. */
  readonly responseAlgorithms: readonly CompressionAlgorithm[];
  readonly requestAlgorithm: CompressionAlgorithm | null;
  /** Beginnings of the media types that are compressed, lower case; none = all. */
  readonly responseTypes: readonly string[];
  readonly requestTypes: readonly string[];
  readonly responses: boolean;
  readonly requests: boolean;
  /** Servers are not asked to compress. */
  readonly offload: boolean;
  /** Bodies that are known to be shorter are left as they are, bytes. */
  readonly minsizeResponse: number;
  readonly minsizeRequest: number;
}

/** A `filter` line. */
export type FilterConfig =
  | { readonly kind: 'compression'; readonly directions: readonly ('request' | 'response')[]; readonly at: Location }
  | { readonly kind: 'cache'; readonly name: string; readonly at: Location }
  | BandwidthFilterConfig
  | { readonly kind: 'trace'; readonly at: Location };

/** `filter bwlim-in`, `filter bwlim-out`. */
export interface BandwidthFilterConfig {
  readonly kind: 'bwlim-in' | 'bwlim-out';
  readonly name: string;
  /** Bytes in a period. */
  readonly limit: number;
  /** ms; 0 where the rate of the table has it. */
  readonly period: number;
  /** Bytes that are passed on at once at least. */
  readonly minSize: number;
  /** Streams of the same key share the limit: the words of the expression, and the table (null: the proxy's own). */
  readonly shared: { readonly key: readonly string[]; readonly table: string | null } | null;
  readonly at: Location;
}
