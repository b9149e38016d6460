// What the admin's scripts ask the server.

// POST `values` as a form; the answer's JSON, or an Error with a sentence.
export async function post(url, values, signal) {
  const body = new FormData();
  for (const [name, value] of Object.entries(values)) body.append(name, value);
  const token = document.querySelector("[name=csrfmiddlewaretoken]").value;
  const response = await fetch(url, { method: "POST", body, signal, headers: { "X-CSRFToken": token } });
  const type = response.headers.get("Content-Type") || "";
  if (!type.startsWith("application/json")) throw new Error(`The server answered ${response.status}. Is it running?`);
  const answer = await response.json();
  if (!response.ok) throw new Error(answer.error);
  return answer;
}
