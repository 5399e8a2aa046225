/** Who signed a request. */
export interface Principal {
  /** `arn:aws:iam::<account>:user/<name>` and its relatives. */
  readonly arn: string;
  /** The account the principal belongs to, 12 digits. */
  readonly accountId: string;
}
