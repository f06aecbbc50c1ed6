namespace LoadBalancer.Docs.Tests.Markdown;

/// <summary>A fenced block.</summary>
/// <param name="Page">The page, relative to the repository.</param>
/// <param name="Line">Line of the opening fence, from 1.</param>
/// <param name="Info">What stands behind the opening fence: the language.</param>
/// <param name="Text">What is between the fences, without the indentation of the opening one.</param>
/// <param name="Mark">What a comment <c>&lt;!-- docs: … --&gt;</c> in the line before says to the tests; empty without one.</param>
internal sealed record Fence(string Page, int Line, string Info, string Text, string Mark)
{
    public string Place => $"{Page}:{Line}";
}
