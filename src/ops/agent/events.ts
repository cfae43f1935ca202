/** What an agent tells of the load balancers that it looks after. With `--json` each is a line of NDJSON. */
export type AgentEvent =
  /** It looks after a target from now on. */
  | { readonly event: 'watch'; readonly target: string; readonly version: string; readonly pid: number }
  /** The target does not answer; told once until it does. */
  | { readonly event: 'silent'; readonly target: string; readonly text: string }
  /** Another process serves: a reload, or a restart. */
  | { readonly event: 'restart'; readonly target: string; readonly version: string; readonly pid: number }
  /** An override was put in force again. */
  | ({ readonly event: 'again'; readonly ok: boolean; readonly text: string } & Attribute)
  /** An override has ended: the file, or somebody on the socket, says something else. */
  | ({ readonly event: 'conflict'; readonly text: string } & Attribute)
  /** Something was changed that the journal knows nothing of; it is recorded now. */
  | {
      readonly event: 'drift';
      readonly target: string;
      readonly object: string;
      readonly attribute: string;
      readonly before: string;
      readonly after: string;
    }
  /** The time of an operation was over. */
  | {
      readonly event: 'lease';
      readonly target: string;
      readonly operation: string;
      readonly title: string;
      readonly ok: boolean;
      readonly text: string;
    };

interface Attribute {
  readonly target: string;
  readonly object: string;
  readonly attribute: string;
  readonly value: string;
}

export type AgentEmit = (event: AgentEvent) => void;

/** An event as a line for people; text of others is made visible by who prints it. */
export function agentLine(event: AgentEvent): string {
  return `${event.target}: ${told(event)}`;
}

function told(event: AgentEvent): string {
  switch (event.event) {
    case 'watch':
      return `watching HAProxy ${event.version}, process ${event.pid}`;
    case 'silent':
      return `does not answer: ${event.text}`;
    case 'restart':
      return `another process serves now: HAProxy ${event.version}, process ${event.pid}`;
    case 'again':
      return `${event.object} ${event.attribute} ${event.value}: ${event.ok ? 'in force again' : `could not be put in force again: ${event.text}`}`;
    case 'conflict':
      return `${event.object} ${event.attribute} ${event.value}: override ended: ${event.text}`;
    case 'drift':
      return `${event.object} ${event.attribute}: ${event.before} -> ${event.after}, changed by somebody else on a socket`;
    default:
      return `${event.operation} (${event.title}): ${event.ok ? 'taken back' : 'could not be taken back'}${event.text === '' ? '' : `: ${event.text}`}`;
  }
}
