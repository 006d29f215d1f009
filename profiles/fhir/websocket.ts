/**
 * The FHIR library reads constants of WebSocket when it is loaded, though nothing here opens one: Node 20 has no such class, and every command
 * would end with a ReferenceError. Imported before the library.
 */
globalThis.WebSocket ??= class {} as unknown as typeof WebSocket;
