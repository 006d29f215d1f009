/** Reads `key=value` as the CDK command line writes it (`-c env=dev`). Throws a usage error for anything else. */
export function contextValue(text: string, key: string): string {
  const [name, value] = text.split('=', 2);
  if (name !== key || !value) throw new Error(`expected -c ${key}=VALUE, got -c ${text}`);
  return value;
}
