// The switch between light and dark. It stands in the head and runs before the first paint, so nothing flashes.
// Without it, or while nothing is chosen, the page follows the system.
{
  const KEY = "theme";
  const root = document.documentElement;
  const system = matchMedia("(prefers-color-scheme: dark)");
  const systemTheme = () => (system.matches ? "dark" : "light");

  // Storage can be forbidden: then the choice lasts for this page.
  const remembered = () => {
    try {
      return localStorage.getItem(KEY);
    } catch {
      return null;
    }
  };
  const remember = (theme) => {
    try {
      if (theme) localStorage.setItem(KEY, theme);
      else localStorage.removeItem(KEY);
    } catch {
      // the page shows it all the same
    }
  };

  const show = (theme) => {
    if (["light", "dark"].includes(theme)) root.dataset.theme = theme;
    else delete root.dataset.theme;
  };

  show(remembered());

  document.addEventListener("DOMContentLoaded", () => {
    const button = document.querySelector(".theme-switch");
    const label = () => {
      const next = (root.dataset.theme || systemTheme()) === "dark" ? "light" : "dark";
      button.dataset.next = next;
      button.textContent = next === "dark" ? "Dark" : "Light";
      button.setAttribute("aria-label", `Use the ${next} scheme`);
    };
    button.addEventListener("click", () => {
      // Whoever wants what the system has goes on following it.
      const chosen = button.dataset.next === systemTheme() ? "" : button.dataset.next;
      show(chosen);
      remember(chosen);
      label();
    });
    system.addEventListener("change", label);
    addEventListener("storage", ({ key, newValue }) => {
      if (key !== KEY) return;
      show(newValue);
      label();
    });
    label();
    button.hidden = false;
  });
}
