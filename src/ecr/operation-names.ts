import type * as sdk from '@aws-sdk/client-ecr';

type Sdk = typeof sdk;

/** Every operation that the SDK of Amazon ECR knows, by AWS's own name. */
export type OperationName = {
  [K in keyof Sdk]: K extends `$${string}` ? never : K extends `${infer Name}Command` ? Name : never;
}[keyof Sdk];

type CommandOf<N extends OperationName> = Sdk[`${N}Command`] extends new (
  ...args: never
) => infer Command
  ? Command
  : never;

/** The input of an operation, as the SDK's callers write it. */
export type InputOf<N extends OperationName> =
  CommandOf<N> extends { readonly input: infer Input extends object } ? Input : never;

/** The body of an operation's answer, as the SDK's callers read it. Lists may be read-only: the answer is only written out. */
export type OutputOf<N extends OperationName> =
  CommandOf<N> extends { resolveMiddleware(...args: never): (...args: never) => Promise<{ output: infer Output }> }
    ? Readable<Omit<Output, '$metadata'>>
    : never;

type Readable<T> = T extends Uint8Array | Date
  ? T
  : T extends readonly (infer Item)[]
    ? readonly Readable<Item>[]
    : T extends object
      ? { readonly [K in keyof T]: Readable<T[K]> }
      : T;
