import type { Principal } from './principal.ts';

/**
 * `ecr:BatchDeleteImage` and the like: ECR's own names, for both protocols (fidelity facts, section 7.2). What ECR has no
 * name for, the operator's API does under names of Berth's own.
 */
export type Action =
  | `ecr:${string}`
  | 'berth:GetUsage'
  | 'berth:RunCollection'
  | 'berth:CheckStore'
  | 'berth:RestoreImages';

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
