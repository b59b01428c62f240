import type { OpenQuestion } from "../domain/questions.ts";
import { agoOf } from "./words.ts";

/** What was typed into a question or an answer, and what is wrong with it. */
export interface Said {
  said: string;
  message?: string;
}

/** One short text and its button, with what is wrong with it. */
function SayForm(
  { id, action, name, label, button, wrong, hx }: {
    id: string;
    action: string;
    name: string;
    label: string;
    button: string;
    wrong?: Said;
    hx?: Record<string, string>;
  },
) {
  return (
    <form method="post" action={action} {...hx}>
      <div class="field">
        <label for={id}>{label}</label>
        <textarea
          id={id}
          name={name}
          rows={2}
          required
          maxlength={500}
          aria-invalid={wrong?.message && "true"}
          aria-describedby={wrong?.message && `${id}-error`}
          autofocus={Boolean(wrong?.message)}
        >
          {wrong?.said ?? ""}
        </textarea>
        {wrong?.message && <p class="error" id={`${id}-error`}>{wrong.message}</p>}
      </div>
      <button class="second" type="submit">{button}</button>
    </form>
  );
}

/** Asking the requester before deciding. */
export function AskForm(
  { id, path, requester_name, wrong, hx }: {
    id: string;
    path: string;
    requester_name: string;
    wrong?: Said;
    hx: Record<string, string>;
  },
) {
  return (
    <details open={Boolean(wrong)}>
      <summary class="button second" data-key="q">Ask …</summary>
      <SayForm
        id={`question-${id}`}
        action={`${path}/ask`}
        name="question"
        label={`Question, for ${requester_name}`}
        button="Ask"
        wrong={wrong}
        hx={hx}
      />
    </details>
  );
}

/** On the reservation's page: what is asked, and the answer of whoever it is asked of. */
export function QuestionNotice(
  { question, path, answers, wrong, zone, now }: {
    question: OpenQuestion;
    path: string;
    /** Whether the viewer is the one to answer. */
    answers: boolean;
    wrong?: Said;
    zone: string;
    now: Temporal.Instant;
  },
) {
  return (
    <section class="callout asked" aria-label="A question">
      <p>
        <b>{question.asked_by_name} asks</b> <span>{agoOf(question.asked_at, zone, now)}:</span>
        <q class="reason break">{question.question}</q>
      </p>
      {answers
        ? (
          <SayForm
            id="answer"
            action={`${path}/answer`}
            name="answer"
            label="Your answer"
            button="Answer"
            wrong={wrong}
          />
        )
        : <p>It waits for an answer.</p>}
    </section>
  );
}
