/** What could not be done, in words, and where to go from here. */
export function ErrorPage({ title, detail, signedIn }: { title: string; detail: string; signedIn: boolean }) {
  return (
    <section class="narrow">
      <h1>{title}</h1>
      <p>{detail}.</p>
      <p class="actions">
        {signedIn
          ? (
            <>
              <a class="button" href="/schedule">To the schedule</a>
              <a href="/">My day</a>
            </>
          )
          : <a class="button" href="/login">Sign in</a>}
      </p>
    </section>
  );
}
