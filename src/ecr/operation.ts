import type { ParsedOf } from '../aws/shapes/parsed.ts';
import type { Structure } from '../aws/shapes/shape.ts';
import type { Registry } from '../model/registry.ts';
import type { Principal } from '../policy/principal.ts';
import type { InputOf, OperationName, OutputOf } from './operation-names.ts';

/** What an operation knows of the request besides its input. */
export interface Call {
  /** The caller's account, in the region the request was signed for. */
  readonly registry: Registry;
  readonly principal: Principal;
  /** `scheme://host[:port]` as the caller addressed us. */
  readonly origin: string;
  readonly requestId: string;
}

/** An operation's input after the parser: required members are there, constraints hold. */
export type Parsed<N extends OperationName> = ParsedOf<InputOf<N>>;

export interface Operation<N extends OperationName> {
  readonly input: Structure<InputOf<N>>;
  /** The longest body that is read; 1 MiB unless the operation says otherwise. */
  readonly maxBodyBytes?: number;
  /** The ARN of what the IAM action `ecr:<N>` applies to, or `*`. */
  resource(input: Parsed<N>, call: Call): string;
  /** @throws Fault for every refusal that the caller may read */
  run(input: Parsed<N>, call: Call): Promise<OutputOf<N>>;
}
