// Beside each file of a citation, a button that copies what is in it.

for (const details of document.querySelectorAll(".cite")) {
  const status = details.querySelector("[role=status]");
  for (const link of details.querySelectorAll("a[download]")) {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = "Copy";
    button.setAttribute("aria-label", `Copy ${link.textContent}`);
    button.addEventListener("click", async () => {
      try {
        const answer = await fetch(link.href);
        if (!answer.ok) throw new Error(`the server answered ${answer.status}`);
        await navigator.clipboard.writeText(await answer.text());
        status.textContent = `${link.textContent} is copied.`;
      } catch (error) {
        status.textContent = `Not copied: ${error.message}. The link loads it as a file.`;
      }
    });
    link.after(" ", button);
  }
}
