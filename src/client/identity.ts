import { addressText, type Endpoint } from './address.ts';
import type { Answer } from './answer.ts';
import { RuntimeClientError } from './failures.ts';
import { parseInfo } from './parse/info.ts';

/** The version of a program, as far as the Runtime API is meant: Sluice tells that of the HAProxy whose commands it has. */
export interface Version {
  /** As the program says it, such as `2.6.12-1+deb12u4`. */
  readonly text: string;
  readonly major: number;
  readonly minor: number;
  atLeast(major: number, minor: number): boolean;
}

/** Who answers on a Runtime API. */
export interface Identity {
  readonly product: 'haproxy' | 'sluice';
  readonly version: Version;
  readonly pid: number;
}

/** Reads `show info`. Throws a RuntimeClientError (PROTOCOL) when that is not what a Runtime API answers. */
export function identityOf(answer: Answer, endpoint: Endpoint): Identity {
  const info = parseInfo(answer.text);
  const numbers = /^(\d+)\.(\d+)/.exec(String(info.Version ?? ''));
  if (numbers === null || typeof info.Pid !== 'number') {
    const got = JSON.stringify(answer.text.slice(0, 60));
    throw new RuntimeClientError(
      'PROTOCOL',
      `no Runtime API of HAProxy or Sluice: ${addressText(endpoint)} answered ${got}`,
    );
  }
  const [major, minor] = [Number(numbers[1]), Number(numbers[2])];
  return {
    product: info.Name === 'Sluice' ? 'sluice' : 'haproxy',
    version: {
      text: info.Version,
      major,
      minor,
      atLeast: (wanted, least) => major > wanted || (major === wanted && minor >= least),
    },
    pid: info.Pid,
  };
}
