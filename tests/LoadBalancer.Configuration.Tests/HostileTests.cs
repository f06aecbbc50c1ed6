using Microsoft.Extensions.Configuration;

namespace LoadBalancer.Configuration.Tests;

public sealed class HostileTests
{
    private static readonly string[] Keys =
        [.. Reading.Configuration(ReadingTests.EveryKey).AsEnumerable().Where(pair => pair.Value is not null && pair.Key.Contains(':')).Select(pair => pair.Key)];

    public static TheoryData<string> Texts() =>
    [
        "", " ", "\0", "\n", "\uFEFF", "\u202E", "ü", "٣", "null", "true", "[]", "{}", "-1", "0", "2147483648", "1e9", "NaN", "-10675199.02:48:05.4775808",
        "99999999.00:00:00", "%s%n", "../../etc/passwd", "${jndi:ldap://x}", "http://[", "http://[::", "[::1", "]:80", "::", ":::::", "/", "//", "%", "10.0.0.0/", "/0",
        "unix:", "unix:/\0", "*.", "*:*",
        // What makes a careless pattern slow.
        new string('a', 100_000), new string('.', 100_000), new string('1', 100_000), string.Concat(Enumerable.Repeat("a.", 50_000)), string.Concat(Enumerable.Repeat("a+", 50_000)) + "!",
    ];

    [Theory]
    [MemberData(nameof(Texts))]
    public void Whatever_the_values_are_the_reader_answers(string text)
    {
        // The reader goes on after an error: one run puts the text before every check.
        var result = Reading.Json(ReadingTests.EveryKey, [.. Keys.Select(key => (key, (string?)text))]);

        Assert.Null(result.Options);
        Assert.All(result.Errors, error => Assert.NotEqual("", error.Key));
    }

    [Theory]
    [MemberData(nameof(Texts))]
    public void Whatever_the_names_are_the_reader_answers(string text)
    {
        // A neighbour with that name, and a child where there should be none.
        var result = Reading.Json(ReadingTests.EveryKey, [.. Keys.SelectMany(key => new[] { $"{key[..key.LastIndexOf(':')]}:{text}", $"{key}:{text}" }).Distinct(StringComparer.OrdinalIgnoreCase).Select(key => (key, (string?)"x"))]);

        Assert.Null(result.Options);
        Assert.All(result.Errors, error => Assert.NotEqual("", error.Key));
    }
}
