import type { Change } from '../change.ts';
import type { CertificateKind } from './certificates.ts';

/** The kinds of objects that have attributes. */
export type ObjectType = 'server' | 'backend' | 'frontend' | 'global' | 'var' | 'map' | 'acl' | CertificateKind;

/** An attribute of an object of the model: what an override is about. */
export interface Place {
  readonly type: ObjectType;
  /** `be_app/app1`, `be_app`, `fe_web`, `global`, `proc.name`, the file of a map, an ACL or a certificate. */
  readonly object: string;
  /** `weight`, `state`, ...; `presence` is whether the object is there. */
  readonly attribute: string;
}

/** An attribute with what the file says and what is in force. */
export interface Layers extends Place {
  /** As people read them. */
  readonly file: string;
  readonly live: string;
  /** They say the same. */
  readonly same: boolean;
  /** Makes what is in force again, and what the file says; null where no Change does. */
  readonly make: Change | null;
  readonly restore: Change | null;
}

/** Names an override: `server be_app/app1 weight`, `global maxconn`, `var proc.name`. */
export function keyOf({ type, object, attribute }: Place): string {
  return [type, type === 'global' ? '' : object, type === 'var' ? '' : attribute]
    .filter((word) => word !== '')
    .join(' ');
}

/** One attribute of objects of type `O`, whose file layer is in `F`: how it is read, told and made. `V`: plain data. */
export interface AttributeRow<O, F, V> {
  readonly file: (file: F, object: O) => V;
  readonly live: (object: O) => V;
  readonly text: (value: V) => string;
  /** null: no Change makes this value. */
  readonly make: (value: V, object: O) => Change | null;
}

/** Reads an attribute by its row. */
export type ReadLayers<O, F> = (object: O, file: F) => Omit<Layers, keyof Place>;

/** A row with the type of its values closed in. */
export function attribute<O, F, V>(row: AttributeRow<O, F, V>): ReadLayers<O, F> {
  return (object, file) => {
    const [said, live] = [row.file(file, object), row.live(object)];
    return {
      file: row.text(said),
      live: row.text(live),
      same: JSON.stringify(said) === JSON.stringify(live),
      make: row.make(live, object),
      restore: row.make(said, object),
    };
  };
}
