/** An API key without its secret, which nobody has but the client. */
export interface ApiKey {
  readonly id: string;
  readonly accountId: string;
  readonly name: string | undefined;
  /** Unix milliseconds. */
  readonly createdAt: number;
}
