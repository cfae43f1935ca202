import { bodies } from './bodies.ts';
import type { Family } from './family.ts';
import { h2 } from './h2.ts';
import { h2Servers } from './h2-servers.ts';
import { http } from './http.ts';
import { proxy } from './proxy.ts';
import { sections } from './sections.ts';
import { states } from './states.ts';
import { tcp } from './tcp.ts';
import { timeoutFamily } from './timeouts.ts';
import { tls } from './tls.ts';

/** All kinds of scenarios that the differential run makes. */
export const FAMILIES: readonly Family[] = [
  http,
  h2,
  h2Servers,
  tls,
  proxy,
  bodies,
  sections,
  tcp,
  timeoutFamily,
  states,
];
