/** Who speaks when a value is refused: AWS's generic model check ("Member must …") or the service's own ("must …"). */
export type Wording = 'model' | 'service';

/** A pattern as it is printed in refusals, and the test that decides. The two may differ: AWS still prints patterns it has widened since. */
export interface Pattern {
  readonly printed: string;
  /** Anchored at both ends and free of backtracking: it meets whatever a caller sends. */
  readonly expression: { test(text: string): boolean };
}

export interface StringShape {
  readonly kind: 'string';
  /** Lengths count characters (Unicode code points), as the model's `length` trait does. */
  readonly min?: number;
  readonly max?: number;
  readonly enum?: readonly string[];
  readonly pattern?: Pattern;
  readonly wording: Wording;
}

export interface NumberShape {
  readonly kind: 'integer' | 'long';
  readonly min?: number;
  readonly max?: number;
}

export interface BooleanShape {
  readonly kind: 'boolean';
}

export interface BlobShape {
  readonly kind: 'blob';
  /** Lengths count bytes, after base64. */
  readonly min?: number;
  readonly max?: number;
}

export interface ListShape {
  readonly kind: 'list';
  readonly member: Shape;
  readonly min?: number;
  readonly max?: number;
}

export interface Member {
  readonly name: string;
  readonly shape: Shape;
  readonly required: boolean;
}

export interface StructureShape {
  readonly kind: 'structure';
  /** In the order of declaration, which is the order of checking. */
  readonly members: readonly Member[];
}

export type ScalarShape = StringShape | NumberShape | BooleanShape | BlobShape;
export type Shape = ScalarShape | ListShape | StructureShape;

declare const VALUE: unique symbol;

/**
 * A shape that declares exactly the type `V`, no wider and no narrower: an enum that lacks a value of the SDK's type, or a
 * structure that lacks a member, does not compile where it is used.
 */
export type ShapeOf<V, S extends Shape = Shape> = S & { readonly [VALUE]?: (value: V) => V };

export type Structure<T> = ShapeOf<T, StructureShape>;
