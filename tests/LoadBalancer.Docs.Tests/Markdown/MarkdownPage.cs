using System.Text.RegularExpressions;

namespace LoadBalancer.Docs.Tests.Markdown;

/// <summary>What tests look at in a page: its fenced blocks, its links and the anchors of its headings.</summary>
internal sealed partial class MarkdownPage
{
    private readonly List<Fence> _fences = [];
    private readonly List<(int Line, string Target)> _links = [];
    private readonly HashSet<string> _anchors = [];

    private MarkdownPage(string path, string text)
    {
        (Path, Text) = (path, text);
        Parse(text.Split('\n'));
    }

    public string Path { get; }

    public string Text { get; }

    public IReadOnlyList<Fence> Fences => _fences;

    /// <summary>Links and images.</summary>
    public IReadOnlyList<(int Line, string Target)> Links => _links;

    public IReadOnlySet<string> Anchors => _anchors;

    public static MarkdownPage Read(string path) => new(path, File.ReadAllText(Repository.PathOf(path)).ReplaceLineEndings("\n"));

    public override string ToString() => Path;

    private void Parse(string[] lines)
    {
        for (var index = 0; index < lines.Length; index++)
        {
            var open = FenceLine().Match(lines[index]);
            if (open.Success)
            {
                var indent = open.Groups["indent"].Length;
                var end = Array.FindIndex(lines, index + 1, line => line.Trim() == open.Groups["fence"].Value);
                Assert.True(end > index, $"{Path}:{index + 1}: the fence is not closed");
                var mark = index > 0 ? MarkLine().Match(lines[index - 1]).Groups["mark"].Value : "";
                var text = string.Join('\n', lines[(index + 1)..end].Select(line => line.Length >= indent ? line[indent..] : line.TrimStart()));
                _fences.Add(new(Path, index + 1, open.Groups["info"].Value, text, mark));
                index = end;
                continue;
            }

            if (HeadingLine().Match(lines[index]) is { Success: true } heading)
            {
                AddAnchor(heading.Groups["text"].Value);
            }

            // What is in backticks is no link; a link's text may have some.
            var line = CodeSpans().Replace(lines[index], "code");
            _links.AddRange(InlineLinks().Matches(line).Select(link => (index + 1, link.Groups["target"].Value)));
        }
    }

    // As GitHub does: letters, digits, hyphens and underscores stay, spaces become hyphens, and a second one of a name gets a number.
    private void AddAnchor(string heading)
    {
        var text = InlineLinks().Replace(heading, link => link.Groups["text"].Value);
        var anchor = string.Concat(text.ToLowerInvariant().Where(c => char.IsLetterOrDigit(c) || c is '-' or '_' or ' ')).Replace(' ', '-');
        for (var number = 0; ; number++)
        {
            if (_anchors.Add(number == 0 ? anchor : $"{anchor}-{number}"))
            {
                return;
            }
        }
    }

    [GeneratedRegex("^(?<indent> *)(?<fence>```+)(?<info>[^`]*)$")]
    private static partial Regex FenceLine();

    [GeneratedRegex("^ *<!-- docs: (?<mark>.*) -->$")]
    private static partial Regex MarkLine();

    [GeneratedRegex("^#{1,6} (?<text>.*?)#*$")]
    private static partial Regex HeadingLine();

    [GeneratedRegex("`[^`]*`")]
    private static partial Regex CodeSpans();

    [GeneratedRegex(@"!?\[(?<text>[^\]]*)\]\((?<target>[^)\s]+)\)")]
    private static partial Regex InlineLinks();
}
