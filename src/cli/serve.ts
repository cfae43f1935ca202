/** From a valid configuration to a process that serves: control thread, Runtime API, pid file, privileges, signals. */

import { resolve } from 'node:path';
import { isSea } from 'node:sea';
import { render } from '../api/render.ts';
import type { Config } from '../config/types.ts';
import { startControl } from '../control/control.ts';
import { StartError } from '../control/start-error.ts';
import type { ControlOptions, RunningControl } from '../control/types.ts';
import { startMasterCli } from '../runtime/master.ts';
import { type RuntimeApi, startRuntimeApi } from '../runtime/server.ts';
import { groupsOf } from '../util/accounts.ts';
import { shown } from '../util/shown.ts';
import { type Invocation, isMaster } from './arguments.ts';
import { reportReady } from './daemon.ts';
import { load } from './load.ts';
import { masterSockets } from './master-sockets.ts';
import type { StartupMessages } from './messages.ts';
import { writePidFile } from './pidfile.ts';
import { finishPredecessors } from './predecessors.ts';
import { confine, dropPrivileges, giveUpNewPrivileges, raiseDescriptorLimit } from './privileges.ts';
import { serviceReadiness } from './readiness.ts';
import { recording } from './recording.ts';
import { endOnSignals, handleSignals, holdReloads } from './signals.ts';
import { type Inherited, takeOver } from './take-over.ts';

/** Starts to serve. Resolves to an exit status when that fails, else to null. */
export async function serve(config: Config, invocation: Invocation, messages: StartupMessages): Promise<number | null> {
  const limit = raiseDescriptorLimit(config.global.ulimitN);
  if (limit !== null) messages.warning(limit);
  if (invocation.memory !== null && isSea())
    messages.notice(
      `-m is for the launcher; limit the heap with NODE_OPTIONS=--max-old-space-size=${invocation.memory}`,
    );
  holdReloads();
  let control: RunningControl;
  let runtime: RuntimeApi;
  try {
    [control, runtime] = await start(config, invocation, messages);
  } catch (error) {
    const lines = error instanceof StartError ? error.lines : [(error as Error).message];
    for (const line of lines) messages.alert(line);
    if (lines.some((line) => line.startsWith('Binding [')))
      messages.alert('[haproxy.main()] Some protocols failed to start their listeners! Exiting.');
    return 1;
  }
  const readiness = serviceReadiness(invocation.mode === 'master-notify' ? process.env['NOTIFY_SOCKET'] : undefined);
  const end = endOnSignals(control, readiness, isMaster(invocation, config));
  const problem = await settle(config, invocation, control, messages);
  if (problem !== null) {
    messages.alert(problem);
    await control.close();
    return 1;
  }
  try {
    await serveApi(invocation, control);
  } catch (error) {
    messages.alert(`[api] ${(error as Error).message}`);
    await control.close();
    return 1;
  }
  await control.admit();
  handleSignals(control, readiness, end, () => runtime.finish());
  // The service manager is to know its new process before the old one ends.
  readiness.ready();
  finishPredecessors(invocation.finish);
  reportReady();
  return null;
}

/** The control thread, and the Runtime API on it: clients find both or none. */
async function start(
  config: Config,
  invocation: Invocation,
  messages: StartupMessages,
): Promise<[RunningControl, RuntimeApi]> {
  let api: RuntimeApi | null = null;
  const control = await startControl({
    config,
    load: async (texts) => load(invocation, texts === undefined ? {} : { texts }),
    print: (severity, text) => messages[severity.toLowerCase() as 'notice' | 'warning' | 'alert'](text),
    render,
    reconfigure: async ({ global: { statsSockets, statsMaxconn, statsTimeout } }) =>
      api === null ? [] : api.reconfigure(statsSockets, { maxconn: statsMaxconn, timeout: statsTimeout }),
    // Nothing that a client sends is read with the rights of root.
    hold: true,
    replaces: (invocation.finish?.pids.length ?? 0) > 0,
    ...(invocation.takeOver === null ? {} : { inherited: inherit(invocation.takeOver, messages) }),
    format: (diagnostics) => messages.format(diagnostics),
    ...recording(config, invocation, messages),
    ...(await policing(invocation)),
    startupLogs: messages.finish(),
  });
  const { global } = control.model.config;
  try {
    const sockets = { maxconn: global.statsMaxconn, timeout: global.statsTimeout };
    api = await startRuntimeApi(control, global.statsSockets, sockets);
    if (isMaster(invocation, config))
      await startMasterCli(control, masterSockets(invocation.masterSockets), api.sockets);
    return [control, api];
  } catch (error) {
    await control.close();
    throw error;
  }
}

/** The Data Plane API, where it was asked for: with the rights that the process has from now on. */
async function serveApi({ api, files }: Invocation, control: RunningControl): Promise<void> {
  if (api === null) return;
  const [{ startApi }, { ownSettings }, { localBalancer }] = await Promise.all([
    import('../dataplane/start.ts'),
    import('../dataplane/service/own-settings.ts'),
    import('../dataplane/balancer/local.ts'),
  ]);
  const { problems } = await startApi(
    ownSettings(
      api,
      files.map((file) => resolve(file)),
    ),
    localBalancer(control),
  );
  for (const problem of problems) process.stderr.write(`sluice: ${shown(problem)}\n`);
}

/** What people may do on the Runtime API; without a policy, what the level of a socket allows. */
async function policing({ policy }: Invocation): Promise<Pick<ControlOptions, 'policy'>> {
  if (policy === null) return {};
  // YAML and schema are loaded only where there is a policy.
  const { policyInForce } = await import('../change/policy/in-force.ts');
  const found = policyInForce(resolve(policy), groupsOf);
  if ('problems' in found) throw new StartError(found.problems);
  return { policy: found };
}

/** The listening sockets of the process that serves now; without them all is bound anew. */
function inherit(path: string, messages: StartupMessages): Inherited {
  try {
    return takeOver(path);
  } catch (error) {
    messages.warning(`[haproxy.main()] Failed to get the sockets from the old process! ${(error as Error).message}`);
    return new Map();
  }
}

/** What is done once the sockets are open, with the rights that the process was started with. Returns a problem, or null. */
async function settle(
  { global }: Config,
  invocation: Invocation,
  control: RunningControl,
  messages: StartupMessages,
): Promise<string | null> {
  const pidFile = invocation.pidFile ?? global.pidfile;
  try {
    if (pidFile !== null) writePidFile(pidFile);
  } catch (error) {
    return `[haproxy.main()] Cannot create pidfile ${pidFile} : ${(error as Error).message}`;
  }
  if (!global.insecureSetuidWanted) giveUpNewPrivileges();
  return (await confine(global.chroot, control, messages)) ?? (await dropPrivileges(global, control, messages));
}
