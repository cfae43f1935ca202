import type { Config } from '../config/types.ts';
import { StartError } from './start-error.ts';

/** What has sockets of its own beside proxies: it can be made ready for a configuration before that is in force. */
interface Section {
  stage(config: Config): Promise<{ readonly problems: readonly string[] } | { commit(): void }>;
}

/** Opens what sections have of their own, one after another. Rejects with a StartError. */
export async function openSections(sections: readonly Section[], config: Config): Promise<void> {
  for (const section of sections) {
    const staged = await section.stage(config);
    if ('problems' in staged) throw new StartError(staged.problems);
    staged.commit();
  }
}
