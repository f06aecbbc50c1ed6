using System.Xml.Linq;
using LoadBalancer.Configuration;
using Policies;

namespace LoadBalancer.Bench.Tests;

public class PolicyPictureTests
{
    private static readonly Measured Measured = new([.. Enumerable.Range(1, 100).Select(number => new Answer(TimeSpan.FromMilliseconds(number), 200, number % 4))]);

    [Theory]
    [InlineData(0.5, 50)]
    [InlineData(0.99, 99)]
    [InlineData(1, 100)]
    [InlineData(0, 1)]
    public void A_percentile_is_the_nearest_rank(double share, double milliseconds) => Assert.Equal(milliseconds, Measured.Percentile(share));

    [Fact]
    public void The_slow_backend_has_its_share() => Assert.Equal(0.25, Measured.SlowShare);

    [Fact]
    public void A_histogram_has_every_answer_once()
    {
        var histogram = new Histogram(Measured.Answers);

        Assert.Equal(0.25, histogram.Slow.Sum(), precision: 9);
        Assert.Equal(0.75, histogram.Others.Sum(), precision: 9);
    }

    [Theory]
    [InlineData(0.1, 0)]
    [InlineData(1, 0)]
    [InlineData(100, 0.5)]
    [InlineData(10_000, 1)]
    public void The_axis_is_logarithmic(double milliseconds, double position) => Assert.Equal(position, Histogram.Position(milliseconds), precision: 9);

    [Fact]
    public void The_picture_is_xml_with_a_row_for_each_policy()
    {
        var text = XElement.Parse(Picture.Draw([new(SelectionPolicy.PeakEwma, Measured, Measured), new(SelectionPolicy.First, Measured, Measured)])).Value;

        Assert.Contains("PeakEwma", text, StringComparison.Ordinal);
        Assert.Contains("99th 99 ms", text, StringComparison.Ordinal);
    }

    [Fact]
    public void Only_what_is_between_the_comments_is_replaced() =>
        Assert.Equal($"before\n{Report.Begin}\n\nnew\n{Report.End}\nafter\n", Report.Replace($"before\n{Report.Begin}\nold\n{Report.End}\nafter\n", "new"));

    [Fact]
    public void A_page_without_the_comments_is_refused() => Assert.Throws<InvalidDataException>(() => Report.Replace("# Policies\n", "new"));
}
