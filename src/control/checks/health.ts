import type { HealthCheckSection } from '../../config/types.ts';
import type { Model } from '../../model/model.ts';
import type { Server } from '../../model/server.ts';
import type { StickTables } from '../../model/tables/tables.ts';
import { storeMaterial } from '../certificates/store-material.ts';
import { controlTlsAccounts } from '../certificates/tls-accounts.ts';
import type { StateEffects } from '../servers/effects.ts';
import type { Health } from '../types.ts';
import { CheckJob, type JobDeps } from './check-job.ts';
import { compileHealthCheck } from './compile.ts';
import { healthCheckOf } from './definition.ts';
import { checkInterval, startDelays } from './interval.ts';
import { observe } from './observe.ts';
import type { Program } from './program.ts';
import { Scheduler } from './scheduler.ts';

/** What checks need of the process. */
export interface HealthDeps {
  readonly model: Model;
  readonly states: StateEffects;
  /** Checks under way at a time; default 256. */
  readonly limit?: number;
}

/** Checks of a server that are on, or could be switched on. */
interface Jobs {
  readonly health: CheckJob | null;
  readonly agent: CheckJob | null;
}

/** A compiled check; it is made anew when there are other tables. */
interface Made {
  readonly program: Program | null;
  readonly tables: StickTables['byName'];
}

/** Health and agent checks of all servers. `close` ends them all. */
export function createHealth(deps: HealthDeps): Health & { close(): void } {
  return new HealthChecks(deps);
}

class HealthChecks implements Health {
  readonly #deps: HealthDeps;
  readonly #jobDeps: JobDeps;
  readonly #scheduler: Scheduler;
  readonly #jobs = new Map<Server, Jobs>();
  readonly #programs = new WeakMap<HealthCheckSection, Made>();
  /** Jobs of servers started in this turn of the event loop: their first runs are spread together. */
  #fresh: CheckJob[] = [];

  constructor(deps: HealthDeps) {
    this.#deps = deps;
    this.#scheduler = new Scheduler(deps.limit ?? 256);
    this.#jobDeps = {
      model: deps.model,
      states: deps.states,
      scheduler: this.#scheduler,
      material: storeMaterial(deps.model),
      accounts: controlTlsAccounts(deps.model),
      programOf: (server) => this.#programOf(server),
    };
  }

  start(server: Server): void {
    if (this.#jobs.has(server) || server.proxy.config.disabled) return;
    const health = server.check && server.checkConfig ? new CheckJob(server, server.check, this.#jobDeps) : null;
    const agent = server.agent && server.agentConfig ? new CheckJob(server, server.agent, this.#jobDeps) : null;
    if (!health && !agent) return;
    this.#jobs.set(server, { health, agent });
    if (this.#fresh.length === 0) setImmediate(() => this.#spreadFresh());
    if (health) this.#fresh.push(health);
    if (agent) this.#fresh.push(agent);
  }

  stop(server: Server): void {
    const jobs = this.#jobs.get(server);
    this.#jobs.delete(server);
    jobs?.health?.stop();
    jobs?.agent?.stop();
  }

  report(server: Server, layer: 4 | 7, failed: boolean, count: number): void {
    if (!observe(this.#deps.states, server, layer, failed, count)) return;
    const fastinter = server.checkConfig?.fastinter;
    const job = this.#jobs.get(server)?.health;
    if (job && fastinter) this.#scheduler.noLaterThan(job, Date.now() + fastinter);
  }

  close(): void {
    for (const server of [...this.#jobs.keys()]) this.stop(server);
    this.#scheduler.close();
    this.#fresh = [];
  }

  #spreadFresh(): void {
    const jobs = this.#fresh.filter((job) => !job.stopped);
    this.#fresh = [];
    const intervals = jobs.map((job) => checkInterval(job.server, job.check));
    const delays = startDelays(intervals, this.#deps.model.config.global.maxSpreadChecks ?? 0);
    const now = Date.now();
    for (const [i, job] of jobs.entries()) this.#scheduler.at(job, now + delays[i]!);
  }

  /** What a server is checked by; null where a command is run instead. */
  #programOf(server: Server): Program | null {
    const config = healthCheckOf(server);
    const tables = this.#deps.model.tables.byName;
    let made = this.#programs.get(config);
    if (made?.tables !== tables) {
      const compiled = compileHealthCheck(config, (name) => tables.get(name) ?? null);
      // A start refuses configurations whose checks cannot be compiled.
      if ('diagnostics' in compiled) throw new Error(compiled.diagnostics.map((found) => found.text).join('; '));
      made = { program: compiled.ok, tables };
      this.#programs.set(config, made);
    }
    return made.program;
  }
}
