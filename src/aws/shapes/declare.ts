import type {
  BlobShape,
  BooleanShape,
  ListShape,
  Member,
  NumberShape,
  Pattern,
  Shape,
  ShapeOf,
  StringShape,
  Structure,
  Wording,
} from './shape.ts';

interface Range {
  readonly min?: number;
  readonly max?: number;
}

interface StringConstraints<V extends string> extends Range {
  readonly enum?: readonly V[];
  readonly pattern?: Pattern;
  readonly wording?: Wording;
}

/** Refuses in the model's wording unless told otherwise. */
export function string<const V extends string = string>(
  constraints: StringConstraints<V> = {},
): ShapeOf<V, StringShape> {
  return { kind: 'string', wording: 'model', ...constraints };
}

export function integer(range: Range = {}): ShapeOf<number, NumberShape> {
  return { kind: 'integer', ...range };
}

export function long(range: Range = {}): ShapeOf<number, NumberShape> {
  return { kind: 'long', ...range };
}

export function boolean(): ShapeOf<boolean, BooleanShape> {
  return { kind: 'boolean' };
}

/** Bytes: base64 on the wire, in its one canonical form. */
export function blob(length: Range = {}): ShapeOf<Uint8Array, BlobShape> {
  return { kind: 'blob', ...length };
}

export function list<V>(member: ShapeOf<V>, length: Range = {}): ShapeOf<V[], ListShape> {
  return { kind: 'list', member, ...length };
}

/** A member that must be there. The SDK's types say which these are, so a forgotten `required` does not compile. */
export function required<S extends Shape>(shape: S): Required<S> {
  return { required: shape };
}

interface Required<S extends Shape> {
  readonly required: S;
}

/** The declaration that the SDK's type `T` asks for: each of its members, by name, required where the type says so. */
export type Members<T> = {
  readonly [K in keyof T]-?: Record<never, never> extends Pick<T, K>
    ? ShapeOf<Exclude<T[K], undefined>>
    : Required<ShapeOf<Exclude<T[K], undefined>>>;
};

export function structure<T extends object>(members: Members<T>): Structure<T> {
  const declared = Object.entries<Shape | Required<Shape>>(members);
  return { kind: 'structure', members: declared.map(([name, member]) => memberOf(name, member)) };
}

function memberOf(name: string, member: Shape | Required<Shape>): Member {
  return 'required' in member
    ? { name, shape: member.required, required: true }
    : { name, shape: member, required: false };
}
