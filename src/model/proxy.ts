import type { BindConfig, ProxyConfig } from '../config/types.ts';
import type { Server } from './server.ts';

/** A listener's life. `paused`: it does not listen but can come back; `stopped`: it never does. */
export type ListenerState = 'new' | 'listening' | 'paused' | 'stopped';

/** A bound address of a frontend. Owned by the control thread; the sockets live in the traffic threads. */
export interface Listener {
  readonly id: number;
  config: BindConfig;
  /** `name` or `sock-<n>`. */
  readonly name: string;
  /** Counter slot when the proxy has `option socket-stats`, else that of the frontend. */
  readonly slot: number;
  state: ListenerState;
  /** Descriptors that the control thread keeps of its sockets, by traffic thread (`control/kept-sockets.ts`). */
  kept: number[][];
}

/** A frontend, backend or both (`listen`). Owned by the control thread. */
export class Proxy {
  config: ProxyConfig;
  readonly name: string;
  readonly id: number;
  readonly isFrontend: boolean;
  readonly isBackend: boolean;
  /** Counter slots of the two sides; -1 where the side does not exist. */
  readonly frontendSlot: number;
  readonly backendSlot: number;
  readonly listeners: Listener[] = [];
  readonly servers: Server[] = [];
  readonly serversByName = new Map<string, Server>();
  readonly serversById = new Map<number, Server>();
  /** Frontend connection limit now; 0 = none but the global one. */
  maxconn: number;
  /** Added over the Runtime API. */
  readonly dynamic: boolean;
  /** Content switching may select it (`publish backend`). */
  published: boolean;
  /** Frontend state: `disable frontend` pauses, `shutdown frontend` stops. */
  state: 'ready' | 'paused' | 'stopped' | 'disabled';
  dynamicCookie: boolean;
  dynamicCookieKey: string | null;
  /** Date of the last change of the backend's status, ms; seconds of down time before; transitions to down. */
  lastChange: number;
  downTime: number;
  downTransitions: number;
  /** Servers that get new requests (usable, effective weight not 0): active ones, and backups. Kept by `control/servers/`. */
  usableActive: number;
  usableBackup: number;
  /** Named by a rule or a default_backend. */
  referenced: boolean;

  constructor(config: ProxyConfig, frontendSlot: number, backendSlot: number, dynamic: boolean, now: number) {
    this.config = config;
    this.name = config.name;
    this.id = config.id;
    this.isFrontend = config.kind !== 'backend';
    this.isBackend = config.kind !== 'frontend';
    this.frontendSlot = frontendSlot;
    this.backendSlot = backendSlot;
    this.maxconn = config.maxconn ?? 0;
    this.dynamic = dynamic;
    this.published = !dynamic && !config.unpublished;
    this.state = config.disabled ? 'disabled' : 'ready';
    this.dynamicCookie = config.cookie?.dynamic ?? false;
    this.dynamicCookieKey = config.cookie?.dynamicKey ?? null;
    this.lastChange = now;
    this.downTime = 0;
    this.downTransitions = 0;
    this.usableActive = 0;
    this.usableBackup = 0;
    this.referenced = false;
  }
}
