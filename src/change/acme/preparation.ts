import { AcmeError } from '../../control/acme/error.ts';
import type { Preparation, Task } from '../../control/acme/obtain.ts';
import type { Managed, RenewalHost } from './host.ts';
import { type Readiness, recordText } from './readiness.ts';

/** How the challenges of a certificate are put in place: in a map, or by somebody who is told over the ring `dpapi`. */
export function preparationOf(
  { path, section }: Managed,
  host: RenewalHost,
  readinessOf: (tasks: readonly Task[]) => Readiness,
): Preparation {
  const { map, challenge } = section;
  const done = (problem: string | null) => {
    if (problem !== null) throw new AcmeError(`map '${map}': ${problem}`);
  };
  return {
    type: challenge,
    async prepare(tasks) {
      // From now on somebody may say that they are ready.
      const readiness = readinessOf(tasks);
      if (map !== null)
        done(
          await host.addToMap(
            map,
            tasks.map((task) => [task.challenge.token, task.thumbprint] as const),
          ),
        );
      if (challenge === 'dns-01') for (const task of tasks) host.publish(deployEvent(path, task, section));
      await readiness.wait(tasks);
    },
    async clear(tasks) {
      if (map === null || tasks.length === 0) return;
      const problem = await host.takeFromMap(
        map,
        tasks.map((task) => task.challenge.token),
      );
      if (problem !== null) host.tell('warning', `acme: ${path}: tokens stay in map '${map}': ${problem}`);
    },
  };
}

/** What is to be put into the DNS, as HAProxy writes it: lines of names and quoted values, then the authorization as it came. */
function deployEvent(path: string, task: Task, { providerName, acmeVars }: Managed['section']): string {
  const quoted = (name: string, value: string | null) =>
    value === null ? [] : [`${name} "${value.replace(/[\\"]/g, '\\$&')}"`];
  return [
    `acme deploy ${path} thumbprint "${task.thumbprint}"`,
    ...quoted('dns-01-record', recordText(task)),
    ...quoted('provider-name', providerName),
    ...quoted('acme-vars', acmeVars),
    task.authorization.text,
  ].join('\n');
}
