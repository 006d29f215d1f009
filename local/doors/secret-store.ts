export interface Secret {
  readonly name: string;
  readonly arn: string;
  readonly createdAt: number;
  readonly versionId: string;
  readonly secretString: string;
  readonly description?: string;
}

/** Secrets of this data folder, in files of mode 0600. */
export interface SecretStore {
  /** Makes the secret by `generate` unless it exists: a value is made once and never again. */
  ensure(arn: string, name: string, generate: () => string, description?: string): Secret;
  /** By name or arn. */
  get(id: string): Secret | undefined;
  list(): Secret[];
}
