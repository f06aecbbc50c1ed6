using LoadBalancer.Layer7.Caching;
using Microsoft.Extensions.Primitives;

namespace LoadBalancer.Layer7.Tests.Caching;

public sealed class ParsingTests
{
    [Theory]
    [InlineData("Sun, 06 Nov 1994 08:49:37 GMT")]
    [InlineData("SUN, 06 nov 1994 08:49:37 gmt")]
    [InlineData("Sunday, 06-Nov-94 08:49:37 GMT")]
    [InlineData("Sun Nov  6 08:49:37 1994")]
    public void A_date_has_three_forms(string text) =>
        Assert.Equal(new DateTimeOffset(1994, 11, 6, 8, 49, 37, TimeSpan.Zero), HttpDate.Parse(text));

    [Theory]
    [InlineData("Thursday, 18-Aug-50 02:01:18 GMT", 2050)]
    [InlineData("Thursday, 18-Aug-99 02:01:18 GMT", 1999)]
    public void Two_digits_of_a_year_are_not_far_ahead(string text, int year) => Assert.Equal(year, HttpDate.Parse(text)!.Value.Year);

    [Theory]
    [InlineData("")]
    [InlineData("0")]
    [InlineData("Sun, 06 Nov 1994 08:49:37 UTC")]
    [InlineData("Sun, 06 Nov 94 08:49:37 GMT")]
    [InlineData("Sun 06 Nov 1994 08:49:37 GMT")]
    [InlineData("Sun, 06  Nov  1994 08:49:37 GMT")]
    [InlineData("Sun, 06-Nov-1994 08:49:37 GMT")]
    [InlineData("Sun, 06 Nov 1994 8:49:37 GMT")]
    [InlineData("Sun, 06 Nov 1994 08.49.37 GMT")]
    [InlineData("Sun, 31 Feb 1994 08:49:37 GMT")]
    [InlineData("Sunday, 06-Nov-xx 08:49:37 GMT")]
    [InlineData("Sun Nov")]
    public void Anything_else_is_no_date(string text) => Assert.Null(HttpDate.Parse(text));

    [Fact]
    public void Two_dates_are_none() =>
        Assert.Null(HttpDate.Parse(new StringValues(["Sun, 06 Nov 1994 08:49:37 GMT", "Sun, 06 Nov 1994 08:49:37 GMT"])));

    [Fact]
    public void Of_directives_that_come_twice_the_first_counts()
    {
        var control = CacheControl.Parse(new StringValues(["max-age=1, max-age=2", "max-age=3, s-maxage=4"]));

        Assert.Equal((1, 4), (control.MaxAge, control.SharedMaxAge));
    }

    [Theory]
    [InlineData("max-stale", int.MaxValue)]
    [InlineData("max-stale=7", 7)]
    [InlineData("max-stale=x", 0)]
    public void Max_stale_may_do_without_a_value(string text, int seconds) => Assert.Equal(seconds, CacheControl.Parse(text).MaxStale);

    [Fact]
    public void Field_names_limit_what_is_withheld()
    {
        var control = CacheControl.Parse("no-cache=\"A, b\", private=C, no-cache=\"\"");

        Assert.Equal(["A", "b", "C"], control.WithheldFields!);
        Assert.Equal((true, false), (control.NoCache, control.Private));
    }

    [Theory]
    [InlineData("a, \"b, c\" , d", "a|\"b, c\"|d")]
    [InlineData(", ,a,", "a")]
    [InlineData("\"unfinished, a", "\"unfinished, a")]
    [InlineData("\"with \\\" quote, a\", b", "\"with \\\" quote, a\"|b")]
    public void Commas_in_quotes_separate_nothing(string text, string members) =>
        Assert.Equal(members.Split('|'), HeaderList.Members(text));

    [Theory]
    [InlineData("edge", "edge; hit; ttl=5")]
    [InlineData("1st edge \"x\"", "\"1st edge \\\"x\\\"\"; hit; ttl=5")]
    [InlineData("bücher", "\"bcher\"; hit; ttl=5")]
    public void Any_name_can_be_said_in_cache_status(string name, string expected) => Assert.Equal(expected, new CacheStatusText(name).Hit(5));
}
