/** A request that is not understood as HTTP, before anybody looks at what it asks for. */
export class Refused extends Error {
  constructor(
    readonly status: 400 | 401 | 404 | 405 | 409 | 413 | 415 | 422 | 503,
    readonly title: string,
    detail: string,
    readonly more?: Record<string, unknown>,
  ) {
    super(detail);
  }
}

/** Thrown where more come than can be served. */
export class TooCrowded extends Error {}

/** Thrown where a page or call needs somebody signed in. */
export class NotSignedIn extends Refused {
  constructor(detail = "Sign in, or send a valid bearer token") {
    super(401, "Not signed in", detail);
  }
}
