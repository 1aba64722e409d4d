"""kiban (基盤): plan AI data centres together with their clean power, at provably least cost."""
