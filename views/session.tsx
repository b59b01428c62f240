import { Field, FormError } from "./fields.tsx";

interface FormProps {
  values: Record<string, string | undefined>;
  errors: Record<string, string>;
  message?: string;
}

/** The first administrator, once. */
export function SetUpPage(props: FormProps) {
  return (
    <section class="narrow">
      <h1>Welcome to Holdfast</h1>
      <p>
        This site has no administrator yet. Make the first account: it manages resources, people and rules.
      </p>
      <form method="post" action="/setup" class="card">
        <FormError message={props.message} />
        <PersonFields {...props} />
        <button type="submit">Create the administrator</button>
      </form>
    </section>
  );
}

export function RegisterPage(props: FormProps) {
  return (
    <section class="narrow">
      <h1>Create an account</h1>
      <form method="post" action="/register" class="card">
        <FormError message={props.message} />
        <PersonFields {...props} />
        <button type="submit">Create account</button>
      </form>
      <p>
        Already here? <a href="/login">Sign in</a>
      </p>
    </section>
  );
}

export function SignInPage(
  { values, message, next, registration }: FormProps & { next: string; registration: boolean },
) {
  return (
    <section class="narrow">
      <h1>Sign in</h1>
      <form method="post" action="/login" class="card">
        <FormError message={message} />
        <input type="hidden" name="next" value={next} />
        <Field
          name="email"
          label="E-mail"
          type="email"
          value={values.email}
          required
          autocomplete="username"
          autofocus={!values.email}
        />
        <Field name="password" label="Password" type="password" required autocomplete="current-password" />
        <button type="submit">Sign in</button>
      </form>
      {registration && (
        <p>
          New here? <a href="/register">Create an account</a>
        </p>
      )}
    </section>
  );
}

/** For those who come to the address itself: signing out is a change, so it takes a click. */
export function SignOutPage() {
  return (
    <section class="narrow">
      <h1>Sign out</h1>
      <form method="post" action="/logout">
        <button type="submit">Sign out of this browser</button>
      </form>
    </section>
  );
}

export function RegistrationClosedPage() {
  return (
    <section class="narrow">
      <h1>Registration is closed</h1>
      <p>Accounts are made by the administrators here: ask one of them.</p>
      <p>
        <a class="button" href="/login">Sign in</a>
      </p>
    </section>
  );
}

function PersonFields({ values, errors }: FormProps) {
  return (
    <>
      <Field name="name" label="Name" value={values.name} error={errors.name} required autocomplete="name" />
      <Field
        name="email"
        label="E-mail"
        type="email"
        value={values.email}
        error={errors.email}
        required
        autocomplete="username"
      />
      <Field
        name="password"
        label="Password"
        type="password"
        error={errors.password}
        hint="At least 10 characters; a few words are better than a riddle."
        required
        minlength={10}
        autocomplete="new-password"
      />
    </>
  );
}
