import type { Principal } from './principal.ts';

/** `ecr:BatchDeleteImage` and the like: ECR's own names, for both protocols (fidelity facts, section 7.2). */
export type Action = `ecr:${string}`;

/** Decides who may do what. Every operation and every endpoint asks before it does anything. */
export interface Authorizer {
  /**
   * `resource` is an ARN or `*`.
   * @throws Fault `AccessDenied`
   */
  authorize(principal: Principal, action: Action, resource: string): Promise<void>;
}

/** The rule of profile `local`: whoever is let in may do everything. */
export const allowEverything: Authorizer = {
  authorize: async () => {},
};
